"""The list of third-party SDKs that a privacy policy needs, and the comparison of a policy with an app."""
