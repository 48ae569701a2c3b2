"""Conditions and segments said in words, in English and in Russian."""

from retention_kit.smart_segments.sentences.speaking import sentence_of, sentence_of_segment

__all__ = ["sentence_of", "sentence_of_segment"]
