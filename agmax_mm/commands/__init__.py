"""The console command: one thin file for each subcommand."""
