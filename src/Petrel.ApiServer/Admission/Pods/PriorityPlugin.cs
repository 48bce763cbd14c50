using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.PetrelScheduling;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission.Pods;

/// <summary>Resolves the priority class of pods, and allows one default class only (upstream's Priority admission).</summary>
internal sealed class PriorityPlugin(IRevisionedStore store, KindRegistry kinds) : IAdmissionPlugin
{
    private const string Group = "scheduling.k8s.io";
    private const string Plural = "priorityclasses";

    private readonly KindDefinition? _classes = kinds.Find(Group, "v1", Plural);

    public string Name => "Priority";

    public bool Handles(AdmissionRequest request) =>
        request is { Operation: AdmissionOperation.Create or AdmissionOperation.Update, Subresource.Length: 0 }
        && (request.Is("", "pods") || request.Is(Group, Plural));

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.Is("", "pods"))
        {
            return;
        }
        var spec = request.Object!.Ensure("spec");
        if (request.Old is { } old)
        {
            // Priority is set at creation. Keep it for clients that do not send it.
            Keep(spec, old.Child("spec"), "priority");
            Keep(spec, old.Child("spec"), "preemptionPolicy");
        }
        else if (
            (await PriorityAsync(request, await ClassNameAsync(request, spec, cancellationToken), cancellationToken)).Apply(spec) is
            { } problem
        )
        {
            throw request.Forbidden(problem);
        }
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.Is(Group, Plural) || request.Object!.Flag("globalDefault") != true)
        {
            return;
        }
        var other = (await DefaultsAsync(cancellationToken))
            .Select(c => c.Metadata().Text("name"))
            .FirstOrDefault(name => name != request.Key.Name);
        if (other is not null)
        {
            throw request.Forbidden($"PriorityClass {other} is already marked as default. Only one default can exist");
        }
    }

    // A pod without a class inherits that of its PodGroup.
    private async ValueTask<string> ClassNameAsync(AdmissionRequest request, JsonObject spec, CancellationToken cancellationToken)
    {
        var own = spec.Text("priorityClassName");
        var group = request.Object.Child("metadata").Child("labels").Text(PodGroupKind.MemberLabel);
        if (own.Length > 0 || group.Length == 0 || NameSyntax.LabelProblem(group) is not null)
        {
            return own;
        }
        var found = await AdmissionReads.FindAsync(store, PodGroupKind.Definition, new(request.Key.Namespace, group), cancellationToken);
        return found.Child("spec").Text("priorityClassName");
    }

    private async ValueTask<PodPriority> PriorityAsync(AdmissionRequest request, string name, CancellationToken cancellationToken)
    {
        if (name.Length == 0)
        {
            return PodPriority.Default(await DefaultsAsync(cancellationToken));
        }
        if (PodPriority.System.FirstOrDefault(c => c.Name == name) is { } system)
        {
            return system;
        }
        var found = _classes is null ? null : await AdmissionReads.FindAsync(store, _classes, new("", name), cancellationToken);
        return found is null ? throw request.Forbidden($"no PriorityClass with name {name} was found") : PodPriority.Of(found);
    }

    private async ValueTask<IReadOnlyList<JsonObject>> DefaultsAsync(CancellationToken cancellationToken)
    {
        if (_classes is null)
        {
            return [];
        }
        var entries = await AdmissionReads.ListAsync(store, _classes, "", cancellationToken);
        return
        [
            .. entries
                .Where(e => e.Value.Span.IndexOf("\"globalDefault\":true"u8) >= 0)
                .Select(e => DeepJson.Node(e.Value.Span)!.AsObject())
                .Where(c => c.Flag("globalDefault") == true),
        ];
    }

    private static void Keep(JsonObject spec, JsonObject? old, string field)
    {
        if (!spec.Has(field) && old.Has(field))
        {
            spec.CopyFrom(old!, field);
        }
    }
}
