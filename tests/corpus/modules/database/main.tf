resource "google_sql_database_instance" "default" {
  provider         = google-beta
  name             = var.name
  database_version = var.engine
  settings {
    tier = var.tier
    ip_configuration {
      dynamic "authorized_networks" {
        for_each = var.networks
        iterator = net
        content { value = net.value }
      }
    }
  }
}

resource "google_beta_thing" "odd" {
  provider = google-beta
}

# In the ordinary provider
resource "google_sql_database" "extra" {
  for_each = { for db in var.databases : db.name => db }
  instance = google_sql_database_instance.default.name
  name     = each.key
  provider = google
}

resource "terraform_data" "marker" {
  input = "x"
}

data "google_compute_zones" "all" {}

resource "random_password" "root" {
  length = 24
}
