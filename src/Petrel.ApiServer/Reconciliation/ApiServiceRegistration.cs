using System.Text.Json.Nodes;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.ApiRegistration;
using Petrel.ApiServer.Maintenance;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Verbs;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Reconciliation;

/// <summary>
/// Keeps an APIService for each version of each group that this server answers for; those of custom resources go with them (upstream:
/// kube-aggregator's autoregistration and crdregistration controllers).
/// </summary>
internal sealed class ApiServiceRegistration(
    KindRegistry kinds,
    CacheHub caches,
    BackgroundRetry retry,
    CreateVerb create,
    UpdateEngine updates,
    DeleteEngine deletions
)
{
    private const string ManagedLabel = "kube-aggregator.kubernetes.io/automanaged";
    private const string Custom = "true";
    private const string BuiltIn = "onstart";

    private static readonly KindDefinition Kind = ApiServiceKind.Definition;

    // Of each group: the higher, the earlier its kinds are found by their short names. Upstream's table.
    private static readonly Dictionary<string, int> GroupPriorities = new(StringComparer.Ordinal)
    {
        [""] = 18000,
        ["apps"] = 17800,
        ["events.k8s.io"] = 17750,
        ["authentication.k8s.io"] = 17700,
        ["authorization.k8s.io"] = 17600,
        ["autoscaling"] = 17500,
        ["batch"] = 17400,
        ["certificates.k8s.io"] = 17300,
        ["networking.k8s.io"] = 17200,
        ["policy"] = 17100,
        ["rbac.authorization.k8s.io"] = 17000,
        ["storage.k8s.io"] = 16800,
        ["apiextensions.k8s.io"] = 16700,
        ["admissionregistration.k8s.io"] = 16700,
        ["scheduling.k8s.io"] = 16600,
        ["coordination.k8s.io"] = 16500,
        ["node.k8s.io"] = 16300,
        ["discovery.k8s.io"] = 16200,
        ["scheduling.petrel.dev"] = 15000,
        ["metrics.k8s.io"] = 100,
        ["metrics.petrel.dev"] = 100,
    };

    private readonly ReconcileLoop _loop = new("APIServices", ApiServiceKind.Definition, caches, retry);

    /// <summary>Reconciles again because the served kinds have changed.</summary>
    public void Wake() => _loop.Signal.Wake();

    /// <summary>Reconciles until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(RunOnceAsync, cancellationToken);

    private async ValueTask RunOnceAsync(CancellationToken cancellationToken)
    {
        await caches.WaitUntilCurrentAsync(cancellationToken);
        var snapshot = caches.Of(Kind).Current;
        var current = snapshot
            .Between(0, snapshot.Objects.Count)
            .Select(o => JsonNode.Parse(o.ToArray())!.AsObject())
            .ToDictionary(o => o.Metadata().Text("name"), StringComparer.Ordinal);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var served in kinds.GroupVersions.Where(g => g.Group != Kind.Gvk.Group))
        {
            var wanted = Wanted(served);
            var name = wanted.Metadata().Text("name");
            names.Add(name);
            if (!current.TryGetValue(name, out var there))
            {
                await CreateAsync(wanted, cancellationToken);
            }
            else if (Mend(there.DeepClone().AsObject(), wanted) is var mended && !JsonNode.DeepEquals(mended, there))
            {
                await updates.RunAsync(
                    Kind,
                    new ObjectKey("", name),
                    UpdateScope.Server,
                    WriteCall.OfServer("autoregister"),
                    o => Mend(o, wanted),
                    cancellationToken
                );
            }
        }
        foreach (var (name, left) in current.Where(c => !names.Contains(c.Key)).OrderBy(c => c.Key, StringComparer.Ordinal))
        {
            if (left.Metadata().Child("labels").Text(ManagedLabel) == Custom)
            {
                await DeleteAsync(name, cancellationToken);
            }
        }
    }

    private static JsonObject Wanted(GroupVersionKinds served)
    {
        var isCustom = served.Kinds.All(k => k.IsCustom);
        var spec = new JsonObject
        {
            ["version"] = served.Version,
            // Custom groups have the lowest priority.
            ["groupPriorityMinimum"] = isCustom ? 1000 : GroupPriorities[served.Group],
            ["versionPriority"] =
                isCustom ? 100
                : served.Group.Length == 0 ? 1
                : served.Version == "v1" ? 15
                : 30,
        };
        if (served.Group.Length > 0)
        {
            spec.Insert(0, "group", served.Group);
        }
        return new()
        {
            ["apiVersion"] = Kind.Gvk.ApiVersion,
            ["kind"] = Kind.Gvk.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{served.Version}.{served.Group}",
                ["labels"] = new JsonObject { [ManagedLabel] = isCustom ? Custom : BuiltIn },
            },
            ["spec"] = spec,
        };
    }

    private static JsonObject Mend(JsonObject current, JsonObject wanted)
    {
        foreach (var (name, value) in wanted["spec"]!.AsObject())
        {
            if (!JsonNode.DeepEquals(current.Ensure("spec")[name], value))
            {
                current["spec"]![name] = value!.DeepClone();
            }
        }
        current.Metadata().Ensure("labels")[ManagedLabel] = wanted.Metadata().Child("labels").Text(ManagedLabel);
        return current;
    }

    private async ValueTask CreateAsync(JsonObject wanted, CancellationToken cancellationToken)
    {
        try
        {
            await create.CreateAsync(Kind, "", wanted, WriteCall.OfServer("autoregister"), cancellationToken);
        }
        catch (StatusException e) when (e.Reason == "AlreadyExists")
        {
            // Another server created it.
        }
    }

    private async ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await deletions.RunAsync(
                Kind,
                new ObjectKey("", name),
                new DeleteOptions(),
                WriteCall.OfServer("autoregister"),
                cancellationToken
            );
        }
        catch (StatusException e) when (e.Reason == "NotFound")
        {
            // A concurrent request deleted it.
        }
    }
}
