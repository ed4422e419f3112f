variable "name" {
  description = "Of the hub"
  type        = string
  default     = "hub"
}
