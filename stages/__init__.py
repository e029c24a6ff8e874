"""The stages of the pipeline, one module for each, named as in dvc.yaml and params.yaml. README.md is the map."""
