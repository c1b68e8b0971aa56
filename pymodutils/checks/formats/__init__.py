"""Reports as texts for programs and pages, a file for each format."""
