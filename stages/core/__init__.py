"""What more than one stage uses. Nothing here imports a stage."""
