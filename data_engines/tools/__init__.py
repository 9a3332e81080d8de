"""What engines share: texts, fonts, PDF files and the layout of pages."""
