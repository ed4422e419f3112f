variable "einträge" {
  default = []
}
