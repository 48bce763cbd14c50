using System.Text;

namespace Petrel.Security;

/// <summary>Writes kubeconfig files (client-go's Config v1) for kubectl and client libraries, with the credentials embedded.</summary>
public static class Kubeconfig
{
    public static void Write(
        string path,
        string server,
        string authorityPem,
        IssuedCertificate client,
        string cluster = "petrel",
        string user = "admin"
    ) =>
        SecretFile.Write(
            path,
            $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: {cluster}
              cluster:
                server: {server}
                certificate-authority-data: {Base64(authorityPem)}
            users:
            - name: {user}
              user:
                client-certificate-data: {Base64(client.CertificatePem)}
                client-key-data: {Base64(client.KeyPem)}
            contexts:
            - name: {cluster}
              context:
                cluster: {cluster}
                user: {user}
            current-context: {cluster}

            """
        );

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
