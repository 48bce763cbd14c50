using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission.Defaults;

/// <summary>Gives claims that name no storage class the default one (upstream's DefaultStorageClass admission).</summary>
internal sealed class DefaultStorageClass(IRevisionedStore store, KindRegistry kinds) : IAdmissionPlugin
{
    private static readonly string[] Marks =
    [
        "storageclass.kubernetes.io/is-default-class",
        "storageclass.beta.kubernetes.io/is-default-class",
    ];

    private readonly KindDefinition? _classes = kinds.Find("storage.k8s.io", "v1", "storageclasses");

    public string Name => "DefaultStorageClass";

    public bool Handles(AdmissionRequest request) => _classes is not null && request.Creates("", "persistentvolumeclaims");

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        // An empty name is explicit: the claim wants no class.
        var spec = request.Object!.Ensure("spec");
        var isNamed =
            spec.Has("storageClassName") || request.Object!.Metadata().Child("annotations").Has("volume.beta.kubernetes.io/storage-class");
        if (!isNamed && await DefaultClass.FindAsync(store, _classes!, Marks, cancellationToken) is { } name)
        {
            spec["storageClassName"] = name;
        }
    }
}
