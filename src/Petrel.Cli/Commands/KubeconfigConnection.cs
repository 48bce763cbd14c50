using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s;
using k8s.KubeConfigModels;
using Petrel.Client.Http;
using Petrel.LocalCluster;

namespace Petrel.Cli.Commands;

/// <summary>
/// Connects to the cluster of a kubeconfig as its user. Only client certificates are supported. Tokens and exec credential plugins are not.
/// </summary>
internal static class KubeconfigConnection
{
    /// <exception cref="UserErrorException">The file can't be read, or a required field is missing.</exception>
    public static HttpApiHandler Open(string path, Uri? server)
    {
        var config = Load(path);
        var context = Named(config.Contexts, c => c.Name, config.CurrentContext, path, "context").ContextDetails;
        var cluster = Named(config.Clusters, c => c.Name, context.Cluster, path, "cluster").ClusterEndpoint;
        var user = Named(config.Users, u => u.Name, context.User, path, "user").UserCredentials;
        var authority = Pem(path, "certificate-authority", cluster.CertificateAuthorityData, cluster.CertificateAuthority);
        var certificate = Pem(path, "client-certificate", user.ClientCertificateData, user.ClientCertificate);
        var key = Pem(path, "client-key", user.ClientKeyData, user.ClientKey);
        try
        {
            using var pair = X509Certificate2.CreateFromPem(certificate, key);
            // Export and reload the key, because TLS does not support ephemeral keys on every platform.
            var client = X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
            return new(server ?? new Uri(cluster.Server), client, X509Certificate2.CreateFromPem(authority));
        }
        catch (Exception e) when (e is System.Security.Cryptography.CryptographicException or UriFormatException)
        {
            throw new UserErrorException($"--kubeconfig: {path}: {e.Message}");
        }
    }

    private static K8SConfiguration Load(string path)
    {
        try
        {
            return KubernetesClientConfiguration.LoadKubeConfig(path, useRelativePaths: true);
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or k8s.Exceptions.KubeConfigException or YamlDotNet.Core.YamlException)
        {
            throw new UserErrorException($"--kubeconfig: {path} can't be read: {e.Message}");
        }
    }

    private static T Named<T>(IEnumerable<T>? all, Func<T, string> nameOf, string? name, string path, string what)
        where T : class =>
        all?.FirstOrDefault(item => nameOf(item) == name) ?? throw new UserErrorException($"--kubeconfig: {path} has no {what} '{name}'.");

    private static string Pem(string kubeconfig, string field, string? data, string? file)
    {
        try
        {
            return data is { Length: > 0 } ? Encoding.UTF8.GetString(Convert.FromBase64String(data))
                : file is { Length: > 0 } ? File.ReadAllText(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(kubeconfig))!, file))
                : throw new UserErrorException(
                    $"--kubeconfig: {kubeconfig} has no {field} for the current context; other ways to sign in are not supported here."
                );
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            throw new UserErrorException($"--kubeconfig: {field} of {kubeconfig} can't be read: {e.Message}");
        }
    }
}
