"""What others publish in the web: a search engine of the installation's own choice, and single pages."""
