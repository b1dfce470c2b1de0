"""What both forms of exports are made of; `deepgen.export` puts it together."""
