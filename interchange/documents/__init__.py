"""Process documents as people write them: read from YAML with every problem in its place, and described for editors."""
