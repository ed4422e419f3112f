list "x" {
