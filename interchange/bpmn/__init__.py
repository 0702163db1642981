"""Process models in BPMN 2.0 become drafts of process documents; what is not as it was in the model is said."""
