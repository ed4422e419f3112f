variable "name" {
  description = "Of the modules"
  type        = string
  default     = "modules"
}
