variable "name" {
  description = "Of the account"
  type        = string
  default     = "account"
}
