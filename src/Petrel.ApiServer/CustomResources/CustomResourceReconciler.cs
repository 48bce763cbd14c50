using System.Text.Json.Nodes;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Maintenance;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Reconciliation;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Verbs;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.CustomResources;

/// <summary>
/// Serves the kinds of CustomResourceDefinitions: registers them, reports that in the definition's status, and deletes the objects of
/// terminating definitions (upstream: the naming, establishing and finalizing controllers of apiextensions-apiserver).
/// </summary>
internal sealed class CustomResourceReconciler(
    KindRegistry kinds,
    CacheHub caches,
    TimeProvider time,
    BackgroundRetry retry,
    UpdateEngine updates,
    DeleteEngine deletions,
    Action servesOther
)
{
    private static readonly KindDefinition Definitions = CustomResourceDefinitionKind.Definition;

    private readonly ReconcileLoop _loop = new("custom resource definitions", CustomResourceDefinitionKind.Definition, caches, retry);
    private readonly SortedDictionary<string, Served> _served = new(StringComparer.Ordinal);

    /// <summary>Serves the existing definitions, before the server is ready.</summary>
    public async ValueTask StartAsync(CancellationToken cancellationToken) => await RunOnceAsync(cancellationToken);

    /// <summary>Reconciles until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(RunOnceAsync, cancellationToken);

    private async ValueTask RunOnceAsync(CancellationToken cancellationToken)
    {
        await caches.WaitUntilCurrentAsync(cancellationToken);
        var snapshot = caches.Of(Definitions).Current;
        var definitions = snapshot.Between(0, snapshot.Objects.Count).Select(o => DeepJson.Node(o.ToArray())!.AsObject()).ToList();
        await ServeAsync(definitions, cancellationToken);
        foreach (var definition in definitions)
        {
            if (definition.Metadata().Has("deletionTimestamp"))
            {
                await CleanUpAsync(definition, cancellationToken);
            }
            else
            {
                await ReportAsync(definition, definitions, cancellationToken);
            }
        }
    }

    // Register a kind before reporting it as established: a client that reads the status can use the kind.
    private async ValueTask ServeAsync(List<JsonObject> definitions, CancellationToken cancellationToken)
    {
        var changed = false;
        foreach (var definition in definitions)
        {
            var name = definition.Metadata().Text("name");
            if (!NamesAreFree(definition, definitions))
            {
                continue;
            }
            var spec = definition["spec"]!.ToJsonString();
            if (!_served.TryGetValue(name, out var served) || served.Spec != spec)
            {
                var kinds = CustomKinds.Of(definition);
                var storage = kinds.Count > 0 ? kinds[0].Storage ?? kinds[0] : null;
                if (storage is not null)
                {
                    await caches.FollowAsync(storage, cancellationToken);
                }
                _served[name] = new(spec, kinds, storage?.StorePrefix ?? served?.StorePrefix ?? "");
                changed = true;
            }
        }
        var names = definitions.Select(d => d.Metadata().Text("name")).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, served) in _served.Where(s => !names.Contains(s.Key)).ToList())
        {
            _served.Remove(name);
            changed = true;
            kinds.Serve(_served.Values.SelectMany(s => s.Kinds));
            caches.Forget(served.StorePrefix);
        }
        if (changed)
        {
            kinds.Serve(_served.Values.SelectMany(s => s.Kinds));
            servesOther();
        }
    }

    // The first definition of a name keeps it. Names of built-in kinds are taken.
    private bool NamesAreFree(JsonObject definition, List<JsonObject> definitions) => NameProblem(definition, definitions) is null;

    private string? NameProblem(JsonObject definition, List<JsonObject> definitions)
    {
        var names = definition["spec"]!.Child("names");
        var group = definition["spec"].Text("group");
        var taken = definitions
            .Where(d => d != definition && d["spec"].Text("group") == group && IsBefore(d, definition))
            .Select(d => d["spec"].Child("names"))
            .ToList();
        var builtIn = kinds.All.Where(k => !k.IsCustom && k.Gvk.Group == group).ToList();
        if (builtIn.Count > 0)
        {
            return $"the group {group} is served by this server itself";
        }
        IEnumerable<string> Resources(JsonObject? n) => [n.Text("plural"), n.Text("singular"), .. n.Texts("shortNames")];
        foreach (var name in Resources(names))
        {
            if (taken.Any(t => Resources(t).Contains(name)))
            {
                return $"\"{name}\" is already in use";
            }
        }
        foreach (var kind in (string[])[names.Text("kind"), names.Text("listKind")])
        {
            if (taken.Any(t => t.Text("kind") == kind || t.Text("listKind") == kind))
            {
                return $"\"{kind}\" is already in use";
            }
        }
        return null;
    }

    private static bool IsBefore(JsonObject one, JsonObject other)
    {
        static bool Established(JsonObject d) =>
            d.Child("status").Objects("conditions").Any(c => c.Text("type") == "NamesAccepted" && c.Text("status") == "True");
        if (Established(one) != Established(other))
        {
            return Established(one);
        }
        var order = string.CompareOrdinal(one.Metadata().Text("creationTimestamp"), other.Metadata().Text("creationTimestamp"));
        return order != 0 ? order < 0 : string.CompareOrdinal(one.Metadata().Text("uid"), other.Metadata().Text("uid")) < 0;
    }

    private async ValueTask ReportAsync(JsonObject definition, List<JsonObject> definitions, CancellationToken cancellationToken)
    {
        var problem = NameProblem(definition, definitions);
        var wanted = Reported(definition, problem);
        if (JsonNode.DeepEquals(wanted, definition.Child("status")))
        {
            return;
        }
        await WriteAsync(
            definition,
            current =>
            {
                current["status"] = Reported(current, problem);
                return current;
            },
            cancellationToken
        );
    }

    private JsonObject Reported(JsonObject definition, string? problem)
    {
        var status = definition.Child("status")?.DeepClone() as JsonObject ?? [];
        var accepted = problem is null;
        SetCondition(
            status,
            "NamesAccepted",
            accepted,
            accepted ? "NoConflicts" : "NameConflict",
            accepted ? "no conflicts found" : problem!
        );
        var established = accepted || status.Objects("conditions").Any(c => c.Text("type") == "Established" && c.Text("status") == "True");
        SetCondition(
            status,
            "Established",
            established,
            established ? "InitialNamesAccepted" : "NotAccepted",
            established ? "the initial names have been accepted" : "not all names are accepted"
        );
        if (accepted)
        {
            status["acceptedNames"] = definition["spec"]!["names"]!.DeepClone();
        }
        return status;
    }

    private void SetCondition(JsonObject status, string type, bool value, string reason, string message)
    {
        var text = value ? "True" : "False";
        var existing = Conditions.Find(status, type);
        if (existing.Text("status") == text && existing.Text("reason") == reason && existing.Text("message") == message)
        {
            return;
        }
        Conditions.Set(
            status,
            new JsonObject
            {
                ["lastTransitionTime"] =
                    existing.Text("status") == text ? existing!["lastTransitionTime"]?.DeepClone() : time.GetUtcNow().ToTimestamp(),
                ["message"] = message,
                ["reason"] = reason,
                ["status"] = text,
                ["type"] = type,
            }
        );
    }

    // Delete each object as a client would, and wait for those with finalizers.
    private async ValueTask CleanUpAsync(JsonObject definition, CancellationToken cancellationToken)
    {
        var name = definition.Metadata().Text("name");
        if (!definition.Metadata().Texts("finalizers").Contains(CustomResourceDefinitionKind.CleanupFinalizer))
        {
            return;
        }
        await TerminateAsync(definition, true, "InstanceDeletionInProgress", "CustomResource deletion is in progress", cancellationToken);
        var storage =
            _served.TryGetValue(name, out var served) && served.Kinds.Count > 0 ? served.Kinds[0].Storage ?? served.Kinds[0] : null;
        if (storage is not null)
        {
            var cache = caches.Of(storage);
            var objects = cache.Current;
            foreach (var item in objects.Between(0, objects.Objects.Count))
            {
                try
                {
                    await deletions.RunAsync(
                        storage,
                        new ObjectKey(item.Namespace, item.Name),
                        new DeleteOptions(),
                        WriteCall.OfServer("crd-finalizer"),
                        cancellationToken
                    );
                }
                catch (StatusException e) when (e.Reason == "NotFound")
                {
                    // Gone already.
                }
            }
            await caches.WaitUntilCurrentAsync(cancellationToken);
            if (cache.Current.Objects.Count > 0)
            {
                // Their finalizers will be removed at some time: reconcile after each change of one of the objects.
                if (served!.IsWatched)
                {
                    return;
                }
                cache.BeginWatch(_loop.Signal);
                served.IsWatched = true;
                return;
            }
        }
        await WriteAsync(
            definition,
            current =>
            {
                SetCondition(current.Ensure("status"), "Terminating", false, "InstanceDeletionCompleted", "removed all instances");
                var rest = current.Metadata().Texts("finalizers").Where(f => f != CustomResourceDefinitionKind.CleanupFinalizer).ToList();
                if (rest.Count > 0)
                {
                    current.Metadata()["finalizers"] = new JsonArray([.. rest.Select(f => (JsonNode)f)]);
                }
                else
                {
                    current.Metadata().Remove("finalizers");
                }
                return current;
            },
            cancellationToken
        );
    }

    private async ValueTask TerminateAsync(
        JsonObject definition,
        bool value,
        string reason,
        string message,
        CancellationToken cancellationToken
    )
    {
        if (Conditions.Find(definition.Child("status") ?? [], "Terminating").Text("reason") != reason)
        {
            await WriteAsync(
                definition,
                current =>
                {
                    SetCondition(current.Ensure("status"), "Terminating", value, reason, message);
                    return current;
                },
                cancellationToken
            );
        }
    }

    private async ValueTask WriteAsync(JsonObject definition, Func<JsonObject, JsonObject> change, CancellationToken cancellationToken)
    {
        try
        {
            await updates.RunAsync(
                Definitions,
                new ObjectKey("", definition.Metadata().Text("name")),
                UpdateScope.Server,
                WriteCall.OfServer("apiextensions"),
                change,
                cancellationToken
            );
        }
        catch (StatusException e) when (e.Reason == "NotFound")
        {
            // It was deleted: the cache will show that.
        }
    }

    /// <summary>The kinds of a definition as its spec had it.</summary>
    private sealed record Served(string Spec, IReadOnlyList<KindDefinition> Kinds, string StorePrefix)
    {
        public bool IsWatched { get; set; }
    }
}
