"""Files in and out: logs of other systems, process models in BPMN, and process documents in YAML."""
