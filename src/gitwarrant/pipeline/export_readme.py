"""The page beside an exported warrant: exact commands, each for a shell in its folder."""

HEAD = """\
# Warrant {sequence} of {environment}

It allowed revision `{commit}` there, and exactly the objects in `leaves.json`.

| file | holds |
| --- | --- |
| `warrant.dsse.json` | an in-toto statement with the SLSA verification summary, in a DSSE envelope |
| `warrant.KEY.sigstore.json` | the same with one signature, as sigstore's tools take it |
| `KEY.pub` | the public key, **as the log keeps it**: compare it with what its owner gave you |
| `leaves.json` | what it allows, object by object |
| `proofs/` | proofs that one object is among them, where they were asked for |
"""

KEY = """\
## Key {key}

    openssl pkey -pubin -in {key}.pub -outform DER | openssl dgst -sha256 -r

prints its id, `{keyid}`.

With [cosign](https://github.com/sigstore/cosign), the objects and then the revision:

```sh
cosign verify-blob-attestation --insecure-ignore-tlog --key {key}.pub \\
  --type https://slsa.dev/verification_summary/v1 --bundle warrant.{key}.sigstore.json leaves.json
```

```sh
cosign verify-blob-attestation --insecure-ignore-tlog --key {key}.pub \\
  --type https://slsa.dev/verification_summary/v1 --bundle warrant.{key}.sigstore.json \\
  --digest {commit} --digestAlg {algorithm}
```

By hand, with openssl and jq:

```sh
jq -r .payload warrant.dsse.json | base64 -d > payload.json
jq -r '.signatures[{index}].sig' warrant.dsse.json | base64 -d > signature.der
size=$(wc -c < payload.json | tr -d ' ')
{{ printf 'DSSEv1 28 application/vnd.in-toto+json %s ' "$size"; cat payload.json; }} |
  openssl dgst -sha256 -verify {key}.pub -signature signature.der
```
"""

TAIL = """\
## The objects

The statement names the list by its SHA-256:

```sh
jq -r .payload warrant.dsse.json | base64 -d |
  jq -r '.subject[] | select(.name == "leaves") | .digest.sha256' |
  sed 's/$/  leaves.json/' | sha256sum --check
```

```sh
jq -r '.leaves[] | "\\(.operation) \\(.kind) \\(.namespace)/\\(.name) \\(.digest)"' leaves.json
```

With gitwarrant itself, all of this at once:

    gitwarrant warrant verify ./warrant.dsse.json {options}
"""

OBJECT = """\
## One object without the others

The statement names the root of a hash tree over the objects (RFC 6962). A proof leads from one of them to
that root:

```bash
proof={proof}
sha256() {{ openssl dgst -sha256 -r | cut -d' ' -f1; }}
hash=$({{ printf '\\000'; jq -cSj .leaf "$proof"; }} | sha256)
index=$(jq .index "$proof") last=$(($(jq .size "$proof") - 1))
for sibling in $(jq -r '.path[]' "$proof"); do
  while ((index % 2 == 0 && index == last)); do ((index /= 2, last /= 2)) || true; done
  if ((index % 2)); then pair=$sibling$hash; else pair=$hash$sibling; fi
  hash=$(printf "$(printf '01%s' "$pair" | sed 's/../\\\\x&/g')" | sha256)
  ((index /= 2, last /= 2)) || true
done
jq -r .payload warrant.dsse.json | base64 -d |
  jq -e --arg root "$hash" 'any(.subject[]; .digest.rfc6962Sha256 == $root)'
```

    gitwarrant warrant verify ./warrant.dsse.json {options} --proof {proof}
"""
