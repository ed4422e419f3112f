variable "enabled" {
  type    = bool
  default = false
}
