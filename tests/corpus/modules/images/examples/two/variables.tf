variable "v" {
  default = "two"
}
