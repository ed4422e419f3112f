variable "never" {
