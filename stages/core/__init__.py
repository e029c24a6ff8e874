"""What the stages and the commands are made of, a package for each subject. Nothing here imports a stage."""
