variable "v" {
  default = "one"
}
