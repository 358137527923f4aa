# syntax=docker/dockerfile:1
# All images of the shop: docker build --build-arg IMAGE=user --tag nano-user .   (`deno task images` builds them all.)
# IMAGE is user, product, cart, order, payment, store, deliver, gateway, admin or migrate.

FROM denoland/deno:bin-2.9.3 AS deno

FROM debian:12.12-slim AS base
RUN apt-get update \
  && apt-get install --yes --no-install-recommends tini=0.19.* \
  && rm -rf /var/lib/apt/lists/*
COPY --from=deno /deno /usr/local/bin/deno
ENV DENO_NO_UPDATE_CHECK=1 NO_COLOR=1

# The packages of the lock file: fetched again only when it changes.
FROM base AS packages
WORKDIR /build
COPY deno.json deno.lock ./
RUN deno install --quiet --frozen

# What this image holds, and nothing else: tasks/image/stage.ts asks the module graph.
FROM packages AS stage
ARG IMAGE
COPY . .
RUN deno run --quiet -P=tasks tasks/image/stage.ts "$IMAGE" /image

FROM base
ARG IMAGE
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="nano-$IMAGE" \
  org.opencontainers.image.description="Nano E-commerce: $IMAGE" \
  org.opencontainers.image.version="$VERSION" \
  org.opencontainers.image.revision="$REVISION" \
  org.opencontainers.image.licenses="MIT"
ENV IMAGE=$IMAGE HOME=/app DENO_DIR=/app/.deno ENVIRONMENT=production
WORKDIR /app
COPY --from=stage /image/packages ./
COPY --from=stage /image/app ./
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --start-interval=1s CMD ["env", "OTEL_DENO=false", "deno", "run", "--quiet", "--no-prompt", "--cached-only", "--allow-net=127.0.0.1", "--allow-env", "tasks/image/healthy.ts"]
ENTRYPOINT ["tini", "--", "tasks/image/launch.sh"]
