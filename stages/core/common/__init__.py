"""What every stage stands on: settings, files, errors, progress, and how it begins and ends."""
