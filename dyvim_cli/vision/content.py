"""Group the image encoder's 1,000 ImageNet classes by what they say about a film's music.

Letters: M key frames.
"""

import numpy as np

# classes (numbers and ranges, both ends included); one class belongs to one group at most
GROUPS = {
    "animals": (
        "0-1 5-20 25-32 35-48 52-100 102-106 108-146 149-268 277-285 298-343 345 350-365 367-384 387-397"
    ),
    "wild": "2-4 21-24 33-34 49-51 101 107 147-148 269-276 286-297 344 346-349 366 385-386",
    "people": (
        "399 411 423 433 443 445 452 457 459 465 474 514-515 523 529 552 568 585 589 608 610 615 617 "
        "630 638-639 652 655 658 667 678-679 689 691 697 735 747-748 770 774-775 785 793 796 806 808 "
        "823-824 834 836-838 841-842 869 903 906 981-982"
    ),
    "nature": (
        "425 437 449 460 472 484 536 562 580 646 716 718 780 825 853 858 871 912 914 958 973 975 "
        "977-978 984-997"
    ),
    "landscape": "672 970 972 974 976 979-980",
    "city": (
        "403 410 424 467 489-490 498 509 525 576 582 640 660 703-704 706-708 733 743 762 788 833 860 "
        "865 877 900 915 919-920"
    ),
    "monuments": "406 442 483 497 500 538 649 663 668 682 698 821 832 839 873 884 888",
    "epic": (
        "404-405 413 439 461 471 501 524 586 628 657 715 724 744 764 787 812 847 857 863 887 895 908 913"
    ),
    "vehicles": (
        "407-408 436 466 468 475 479 510-511 535 547 554-555 561 565 569 571 573 575 581 603 609 612 "
        "627 654 656 661 665 670 675 685 690 705 717 734 751 757 779 802-803 814 817 820 829 864 "
        "866-867 870 874"
    ),
    "machines": "438 517 540 545 634 686 694 712 727 740 755 807",
    "sport": (
        "416 422 429-430 444 450 518 522 537 543 560 574 602 671 693 701-702 722 736 746 752 768 795 "
        "801 805 852 880 890 983"
    ),
    "food": "415 440-441 504-505 544 550 567 647 659 738 766 809 827 849 859 891 909-910 922-957 959-969",
    "home": (
        "409 412 414 431 434-435 453-454 463 470 493 495 516 520-521 526 532-534 548 553 556 559 564 "
        "588 598 606 618-619 624 631 648 651 680 692 700 721 725 728-729 737 750 753 760 765 773 789 "
        "794 799 804 811 813 828 831 846 861 868 876 882-883 892 894 896-899 904-905 911"
    ),
    "screens": (
        "446 480-482 485 487 507-508 527-528 530-531 549 590 592 605 613 620 622 632 662 664 673 681 "
        "688 713 732 742 745 754 759 761 778 781-782 798 800 810 818 844 848 851 878 886 916 918"
    ),
    "stage": (
        "401-402 420 432 486 494 513 541-542 546 558 566 577 579 593-594 641-642 650 683 687 699 776 "
        "819 822 854 875 881 889"
    ),
    "elegance": "400 503 551 572 578 601 614 629 711 771 885 901 907",
    "things": (
        "417-419 448 451 455 464 473 476 496 506 512 539 563 583-584 591 599-600 607 611 616 623 626 "
        "643-645 666 674 676-677 684 695-696 709-710 714 719-720 723 726 739 741 749 758 767 769 772 "
        "783-784 816 835 840 843 845 850 855 893 902 917 921 971"
    ),
}
# groups whose skies, seas and walls are as flat as paint
PLACES = ("nature", "landscape", "city", "monuments")


def group_classes(name: str) -> list[int]:
    """List the ImageNet classes of a group.

    Args:
        name: of GROUPS.

    Returns:
        Class numbers.
    """
    spans = [span.partition("-") for span in GROUPS[name].split()]
    return [c for first, _, last in spans for c in range(int(first), int(last or first) + 1)]


def group_levels(probabilities: np.ndarray) -> dict[str, float]:
    """Measure how much each group is seen.

    The root of the group's mean probability beyond chance: an encoder that recognises nothing spreads it over
    all classes, and a group of four hundred would get four tenths of it for nothing.

    Args:
        probabilities: [M, 1000] of the classes in M frames.

    Returns:
        Group -> 0..1.
    """
    mean = probabilities.mean(axis=0)
    return {name: _beyond_chance(mean, group_classes(name)) for name in GROUPS}


def _beyond_chance(mean: np.ndarray, classes: list[int]) -> float:
    chance = len(classes) / len(mean)
    return float(np.sqrt(max(0.0, (mean[classes].sum() - chance) / (1 - chance))))
