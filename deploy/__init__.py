"""How FirstRead is put on a machine: the embedded services (`local`) and the files for real servers."""
