using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission.Defaults;

/// <summary>Gives ingresses that name no class the default one (upstream's DefaultIngressClass admission).</summary>
internal sealed class DefaultIngressClass(IRevisionedStore store, KindRegistry kinds) : IAdmissionPlugin
{
    private const string Group = "networking.k8s.io";
    private static readonly string[] Marks = ["ingressclass.kubernetes.io/is-default-class"];

    private readonly KindDefinition? _classes = kinds.Find(Group, "v1", "ingressclasses");

    public string Name => "DefaultIngressClass";

    public bool Handles(AdmissionRequest request) => _classes is not null && request.Creates(Group, "ingresses");

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var spec = request.Object!.Ensure("spec");
        var isNamed = spec.Has("ingressClassName") || request.Object!.Metadata().Child("annotations").Has("kubernetes.io/ingress.class");
        if (!isNamed && await DefaultClass.FindAsync(store, _classes!, Marks, cancellationToken) is { } name)
        {
            spec["ingressClassName"] = name;
        }
    }
}
