terraform {
  required_providers {
    exact = {
      source  = "acme/exact"
      version = "1.2.3"
    }
    equals = {
      source  = "acme/equals"
      version = "=1.2.3"
    }
    equals-blank = {
      source  = "acme/equals-blank"
      version = "= 1.2.3"
    }
    pessimistic = {
      source  = "acme/pessimistic"
      version = "~> 1.2"
    }
    pessimistic-tight = {
      source  = "acme/pessimistic-tight"
      version = "~>1.2"
    }
    least = {
      source  = "acme/least"
      version = ">=1"
    }
    range = {
      source  = "acme/range"
      version = ">= 1, < 2"
    }
    not = {
      source  = "acme/not"
      version = "!= 1.2.3"
    }
    exact-and = {
      source  = "acme/exact-and"
      version = "1.2.3, != 1.2.4"
    }
    prerelease = {
      source  = "acme/prerelease"
      version = "= 1.2.3-rc.1+b"
    }
    major = {
      source  = "acme/major"
      version = "3"
    }
    tight-range = {
      source  = "acme/tight-range"
      version = ">=1,<2"
    }
    digit-range = {
      source  = "acme/digit-range"
      version = "1,<2"
    }
    short   = "2.0.0"
    nothing = {}
    sourced = { source = "registry.example.com/acme/sourced" }
    cf = {
      source  = "cloudflare/cloudflare"
      version = "~> 4.0"
    }
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
    edge = {
      source  = "registry.example.com/acme/edge"
      version = "~> 1.0"
    }
    unused = "~> 9.0"
  }
}

terraform {
  required_version = ">= 1.2"
}

provider "aws" {
  version = "5.1.0"
  region  = "eu-west-1"
}

provider "aws" {
  alias   = "us"
  version = ">= 5.0.1"
}

provider "late" {
  version = "= 0.1"
}

resource "exact_thing" "this" {}

resource "equals_thing" "this" {}

resource "equals-blank_thing" "this" {}

resource "pessimistic_thing" "this" {}

resource "pessimistic-tight_thing" "this" {}

resource "least_thing" "this" {}

resource "range_thing" "this" {}

resource "not_thing" "this" {}

resource "exact-and_thing" "this" {}

resource "prerelease_thing" "this" {}

resource "major_thing" "this" {}

resource "tight-range_thing" "this" {}

resource "digit-range_thing" "this" {}

resource "short_thing" "this" {}

resource "nothing_thing" "this" {}

resource "sourced_thing" "this" {}

resource "cf_thing" "this" {}

resource "aws_thing" "this" {}

resource "edge_thing" "this" {}

resource "late_thing" "this" {}

data "aws_region" "us" {
  provider = aws.us
}

# An unlisted provider
resource "other_thing" "this" {}

resource "odd" "this" {}

data "cf_zone" "b" {
  provider = cf
}

data "cf_zone" "a" {}
