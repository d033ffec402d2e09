"""Oscillators, filters, FM, envelopes and the patches of the shipped synthesizer font."""
