variable "format" {
  default = "json"
}
