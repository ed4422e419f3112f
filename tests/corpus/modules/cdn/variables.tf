variable "enabled" {
    type        = bool
    default     = true
    description = "Whether anything is served."
}

variable "aliases" {
    type        = list(string)
    default     = []
    description = "Names by which it is known."
}

variable "comment" {
    default = null
    type    = string
}

variable "default_root_object" {
    default = "index.html"
    type    = string
}

variable "http_version" {
    default = "http2and3"
    type    = string

    validation {
        condition     = var.http_version == null || length(coalesce(var.http_version, "x")) < 256
        error_message = "The value of http_version is too long."
    }
}

variable "ipv6" {
    default = true
    type    = bool
}

variable "price_class" {
    type        = string
    default     = "PriceClass_100"
    description = "Where it is near: `PriceClass_All`, `_200`, `_100`."
}

variable "wait_for_deployment" {
    default = true
    type    = bool
}

variable "origins" {
    type        = any
    default     = {}
    description = "By name: `domain`, `path`, `headers`."
}

variable "origin_groups" {
    default  = {}
    type     = any
    nullable = false
}

variable "default_behaviour" {
    type        = any
    default     = {
        allowed_methods = ["GET", "HEAD", "OPTIONS"]
        cached_methods  = ["GET", "HEAD"]
        compress        = true
        min_ttl         = 0
        ttl             = 86400.5
        max_ttl         = 31536000
    }
    description = "What holds where nothing else does."
}

variable "ordered_behaviours" {
    type        = any
    default     = []
    description = "First match wins."
}

variable "error_responses" {
    default = [
        {
            code = "404"
            page = "/404.html"
        },
        {
            code = "403"
            page = "/404.html"
        },
    ]
    type    = list(map(string))
}

variable "geo_restriction" {
    default = {}
    type    = any
}

variable "certificate_arn" {
    type        = string
    default     = null
    description = "In `us-east-1`."
}

variable "minimum_protocol" {
    default = "TLSv1.2_2021"
    type    = string
}

variable "logging" {
    default  = {}
    type     = map(string)
    nullable = false
}

variable "web_acl_id" {
    default = null
    type    = string
}

variable "retain_on_delete" {
    default = false
    type    = bool
}

variable "tags" {
    default = {}
    type    = map(string)
}
