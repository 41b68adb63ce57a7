"""The offline model: a program that writes in place of a language model, and says so."""
