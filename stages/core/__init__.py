"""What stages and commands share, one package for each subject. Nothing here imports a stage."""
