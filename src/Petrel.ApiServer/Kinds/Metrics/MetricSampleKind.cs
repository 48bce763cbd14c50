using System.Globalization;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model;
using Petrel.Model.Documents;
using Petrel.Model.Schema;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Metrics;

/// <summary>
/// metrics.petrel.dev/v1 MetricSample: the newest value of a metric, written by the client that measures it. Samples about an object are
/// served as custom.metrics.k8s.io and others as external.metrics.k8s.io, which autoscalers read.
/// </summary>
internal static class MetricSampleKind
{
    public const int DefaultExpirationSeconds = 120;

    private const string Types = "dev.petrel.metrics.v1.";

    public static KindDefinition Definition { get; } =
        new()
        {
            Gvk = new GroupVersionKind("metrics.petrel.dev", "v1", "MetricSample"),
            Plural = "metricsamples",
            Singular = "metricsample",
            ShortNames = ["ms"],
            Namespaced = true,
            HasGeneration = true,
            Schema = PetrelTypes.Kind(
                Types + "MetricSample",
                PetrelTypes
                    .Field(
                        "spec",
                        PetrelTypes.Object(
                            Types + "MetricSampleSpec",
                            PetrelTypes.Field("metric", FieldKind.String).Needed(),
                            PetrelTypes.Field(
                                "describedObject",
                                PetrelTypes.Object(
                                    Types + "ObjectReference",
                                    PetrelTypes.Field("apiVersion", FieldKind.String),
                                    PetrelTypes.Field("kind", FieldKind.String).Needed(),
                                    PetrelTypes.Field("name", FieldKind.String).Needed()
                                )
                            ),
                            PetrelTypes.Map("labels", FieldKind.String),
                            PetrelTypes.Field("value", FieldKind.Quantity).Needed(),
                            PetrelTypes.Field("timestamp", FieldKind.Time),
                            PetrelTypes.Field("windowSeconds", FieldKind.Int32),
                            PetrelTypes.Field("expirationSeconds", FieldKind.Int32)
                        )
                    )
                    .Needed()
            ),
            Default = Default,
            PrepareForCreate = static (sample, context) => Stamp(sample, null, context),
            PrepareForUpdate = static (sample, old, context) => Stamp(sample, old, context),
            Validate = static (sample, _, errors) => Validate(sample, errors),
            Columns =
            [
                Name,
                Shown("Metric", "The metric's name.", static o => o.Text("spec", "metric")),
                Shown("About", "What it is measured of; none for things outside the cluster.", static o =>
                    o.Has("spec", "describedObject")
                        ? $"{o.Text("spec", "describedObject", "kind")}/{o.Text("spec", "describedObject", "name")}"
                        : None
                ),
                Shown("Value", "The newest value.", static o => o.Text("spec", "value")),
                new("Measured", "string", "", "How long ago it was measured.", 0, static (o, now) =>
                    Since(o.Text("spec", "timestamp"), now)
                ),
                Age,
            ],
        };

    private static void Default(JsonObject sample)
    {
        if (sample.Child("spec") is { } spec && !spec.Has("expirationSeconds"))
        {
            spec["expirationSeconds"] = DefaultExpirationSeconds;
        }
    }

    // A sample without a new timestamp is measured now, even when the value is unchanged.
    private static void Stamp(JsonObject sample, JsonObject? old, WriteContext context)
    {
        if (
            sample.Child("spec") is { } spec
            && (!spec.Has("timestamp") || (old is not null && spec.Text("timestamp") == old.Child("spec").Text("timestamp")))
        )
        {
            spec["timestamp"] = context.Time.GetUtcNow().ToTimestamp();
        }
    }

    private static void Validate(JsonObject sample, FieldErrors errors)
    {
        var spec = sample.Child("spec");
        if (spec.Text("metric").Length == 0)
        {
            errors.Required("spec.metric");
        }
        else if (NameSyntax.PathSegmentProblem(spec.Text("metric")) is { } problem)
        {
            errors.Invalid("spec.metric", spec.Text("metric"), problem);
        }
        if (!Quantity.TryParse(spec.Text("value"), out _))
        {
            errors.Invalid("spec.value", spec.Text("value"), "must be a quantity, for example 120 or 1500m");
        }
        foreach (var name in (ReadOnlySpan<string>)["windowSeconds", "expirationSeconds"])
        {
            if (spec.Number(name) is < 1 and var number)
            {
                errors.Invalid($"spec.{name}", number, "must be greater than 0");
            }
        }
        if (spec.Child("describedObject") is { } about)
        {
            foreach (var name in (ReadOnlySpan<string>)["kind", "name"])
            {
                if (about.Text(name).Length == 0)
                {
                    errors.Required($"spec.describedObject.{name}");
                }
            }
        }
    }
}
