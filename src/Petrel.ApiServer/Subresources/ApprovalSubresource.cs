using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Certificates;
using Petrel.ApiServer.Verbs;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Subresources;

/// <summary><c>approval</c> of CertificateSigningRequests: writes the conditions that approve or deny a request.</summary>
internal static class ApprovalSubresource
{
    public static SubresourceDefinition Definition { get; } =
        new("approval", ["get", "patch", "update"])
        {
            BelongsTo = static kind => ReferenceEquals(kind, CertificateSigningRequestKind.Definition),
        };

    public static UpdateScope Scope { get; } =
        UpdateScope.Part(
            static (result, changed) =>
            {
                result.Ensure("status").CopyFrom(changed.Ensure("status"), "conditions");
                UpdateScope.CopyMetadata(result, changed);
            }
        );
}
