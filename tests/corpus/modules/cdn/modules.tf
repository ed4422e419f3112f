module "plain" {
  source = "acme/y/aws"
}

module "versioned" {
  source = "acme/y/aws"
  version = "~> 1.0"
}

module "host" {
  source = "app.example.com/acme/y/aws"
  version = "1.0.0"
}

module "sub_directory" {
  source = "acme/y/aws//modules/z"
  version = "2.0.0"
}

module "git" {
  source = "git::https://git.example.com/x.git?ref=v1"
}

module "git_sub" {
  source = "git::https://h/x.git//sub?ref=v1"
}

module "git_depth" {
  source = "git::https://h/x.git?ref=v1&depth=1"
}

module "git_depth_first" {
  source = "git::https://h/x.git?depth=1&ref=v1"
}

module "git_empty" {
  source = "git::https://h/x.git?ref="
}

module "git_twice" {
  source = "git::https://h/x?ref=a?ref=b"
}

module "git_ssh" {
  source = "git::ssh://git@git.example.com:2222/x.git?ref=refs/tags/1.0"
}

module "scp" {
  source = "git@git.example.com:acme/x.git?ref=1.2.0"
}

module "github" {
  source = "github.com/acme/x//modules/y?ref=51d462976d84fdea54b47d80dcabbf680badcdb8"
}

module "hg" {
  source = "hg::https://h/x?rev=1.2"
}

module "zip" {
  source = "https://h/x.zip"
}

module "zip_kind" {
  source = "https://h/x?archive=zip"
}

module "s3" {
  source = "s3::https://s3-eu-west-1.amazonaws.com/b/x.zip"
}

module "gcs" {
  source = "gcs::https://www.googleapis.com/storage/v1/b/x.zip"
}

module "local" {
  source = "./modules/edge"
}

module "parent" {
  source = "./modules/../modules/edge"
}

# Above
# a call
module "commented" {
  count     = 2
  providers = { aws = aws.us, aws.other = aws }

  source = "acme/y/aws" # not this

  version    = "1.0"
  depends_on = [module.plain]
}
