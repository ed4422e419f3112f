variable "queue_alarms_enabled" {
  description = "Whether a queue is watched."
  type        = bool
  default     = true
}

variable "queue_threshold" {
  description = "Percent."
  type        = number
  default     = 80
}

variable "queue_period" {
  description = "Seconds."
  type        = number
  default     = 60
  nullable    = false
}

variable "queue_evaluation_periods" {
  type    = number
  default = 5
}

variable "queue_comparison" {
  type    = string
  default = "GreaterThanOrEqualToThreshold"

  validation {
    condition     = var.queue_comparison == null || length(coalesce(var.queue_comparison, "x")) < 256
    error_message = "The value of queue_comparison is too long."
  }
}

variable "queue_missing_data" {
  type    = string
  default = "notBreaching"
}

variable "queue_dimensions" {
  type    = map(string)
  default = {}
}

variable "queue_actions" {
  description = "ARNs of topics."
  type        = list(string)
  default     = []
}

variable "database_alarms_enabled" {
  description = "Whether a database is watched."
  type        = bool
  default     = true
}

variable "database_threshold" {
  description = "Percent."
  type        = number
  default     = 80
  nullable    = false
}

variable "database_period" {
  description = "Seconds."
  type        = number
  default     = 60
}

variable "database_evaluation_periods" {
  type    = number
  default = 5
}

variable "database_comparison" {
  type    = string
  default = "GreaterThanOrEqualToThreshold"
}

variable "database_missing_data" {
  type    = string
  default = "notBreaching"
}

variable "database_dimensions" {
  type    = map(string)
  default = {}
}

variable "database_actions" {
  description = "ARNs of topics."
  type        = list(string)
  default     = []
}

variable "function_alarms_enabled" {
  description = "Whether a function is watched."
  type        = bool
  default     = true
  nullable    = false
}

variable "function_threshold" {
  description = "Percent."
  type        = number
  default     = 80
}

variable "function_period" {
  description = "Seconds."
  type        = number
  default     = 60
}

variable "function_evaluation_periods" {
  type    = number
  default = 5
}

variable "function_comparison" {
  type    = string
  default = "GreaterThanOrEqualToThreshold"
}

variable "function_missing_data" {
  type    = string
  default = "notBreaching"
}

variable "function_dimensions" {
  type    = map(string)
  default = {}
}

variable "function_actions" {
  description = "ARNs of topics."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "cluster_alarms_enabled" {
  description = "Whether a cluster is watched."
  type        = bool
  default     = true
}

variable "cluster_threshold" {
  description = "Percent."
  type        = number
  default     = 80
}

variable "cluster_period" {
  description = "Seconds."
  type        = number
  default     = 60
}

variable "cluster_evaluation_periods" {
  type    = number
  default = 5
}

variable "cluster_comparison" {
  type    = string
  default = "GreaterThanOrEqualToThreshold"

  validation {
    condition     = var.cluster_comparison == null || length(coalesce(var.cluster_comparison, "x")) < 256
    error_message = "The value of cluster_comparison is too long."
  }
}

variable "cluster_missing_data" {
  type    = string
  default = "notBreaching"
}

variable "cluster_dimensions" {
  type     = map(string)
  default  = {}
  nullable = false
}

variable "cluster_actions" {
  description = "ARNs of topics."
  type        = list(string)
  default     = []
}

variable "gateway_alarms_enabled" {
  description = "Whether a gateway is watched."
  type        = bool
  default     = true
}

variable "gateway_threshold" {
  description = "Percent."
  type        = number
  default     = 80
}

variable "gateway_period" {
  description = "Seconds."
  type        = number
  default     = 60
}

variable "gateway_evaluation_periods" {
  type    = number
  default = 5
}

variable "gateway_comparison" {
  type    = string
  default = "GreaterThanOrEqualToThreshold"
}

variable "gateway_missing_data" {
  type     = string
  default  = "notBreaching"
  nullable = false
}

variable "gateway_dimensions" {
  type    = map(string)
  default = {}
}

variable "gateway_actions" {
  description = "ARNs of topics."
  type        = list(string)
  default     = []
}
