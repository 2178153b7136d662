"""The course as a book: a PDF and an ePub in each language, made from the built pages.

No source is read again: what stands in the book is what stands on the pages of ``build/html``.
"""
