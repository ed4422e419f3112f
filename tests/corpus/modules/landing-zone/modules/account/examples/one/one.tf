variable "name" {
  description = "Of the one"
  type        = string
  default     = "one"
}
