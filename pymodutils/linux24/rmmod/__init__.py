"""rmmod of modutils 2.4.16."""
