variable "name" {
  description = "Of the budget"
  type        = string
  default     = "budget"
}
