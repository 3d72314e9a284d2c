# Backstop as an image of one static program, its CA certificates and an empty
# /data. It runs with a read-only root: nothing else is written.
#   docker build --build-arg VERSION="$(git describe --tags --always)" \
#     --build-arg SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)" -t backstop .

FROM docker.io/library/golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=devel SOURCE_DATE_EPOCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    scripts/image-root.sh /image "$VERSION"

FROM scratch
COPY --from=build /image/ /
# The number of scripts/image-root.sh: engines that demand "not root" want to read it here.
USER 65532:65532
# SQLite's temporary files go where it may write.
ENV DATA_DIR=/data TMPDIR=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/backstop", "health"]
ENTRYPOINT ["/backstop"]
