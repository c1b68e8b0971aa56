source (status dirname)/pymodutils.fish
