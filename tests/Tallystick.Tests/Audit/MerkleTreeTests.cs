using System.Security.Cryptography;
using Tallystick.Audit;

namespace Tallystick.Tests.Audit;

public sealed class MerkleTreeTests
{
    [Fact]
    public void The_empty_root_is_the_hash_of_nothing() =>
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", MerkleTree.EmptyRoot.ToString());

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(1025)]
    [InlineData(100_000)]
    public void A_leaf_is_hashed_behind_a_zero_byte(int length)
    {
        var data = Enumerable.Range(0, length).Select(i => (byte)(i * 7 % 251)).ToArray();

        Assert.Equal(new Hash256(SHA256.HashData([0x00, .. data])), MerkleTree.HashLeaf(data));
    }

    [Fact]
    public void A_node_is_hashed_behind_a_one_byte_left_before_right()
    {
        var leaves = RfcReference.Leaves(2);

        Assert.Equal(RfcReference.Node(leaves[0], leaves[1]), MerkleTree.HashNode(in leaves[0], in leaves[1]));
        Assert.NotEqual(MerkleTree.HashNode(in leaves[1], in leaves[0]), MerkleTree.HashNode(in leaves[0], in leaves[1]));
    }

    [Fact]
    public void A_node_cannot_pass_as_a_leaf_of_two_hashes()
    {
        var leaves = RfcReference.Leaves(2);

        Assert.NotEqual(
            MerkleTree.HashLeaf([.. leaves[0].ToByteArray(), .. leaves[1].ToByteArray()]), MerkleTree.HashNode(in leaves[0], in leaves[1]));
    }

    // The eight leaves and roots by which Certificate Transparency's implementations have checked one another since 2012.
    [Theory]
    [InlineData(1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")]
    [InlineData(2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]
    [InlineData(3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")]
    [InlineData(4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")]
    [InlineData(5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4")]
    [InlineData(6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef")]
    [InlineData(7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c")]
    [InlineData(8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")]
    public void The_tree_has_the_roots_that_certificate_transparency_published(int size, string root)
    {
        string[] data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        var frontier = new MerkleFrontier();
        var completed = new Hash256[MerkleFrontier.CompletedNodesMax];
        foreach (var hex in data.Take(size))
        {
            frontier.Append(MerkleTree.HashLeaf(Convert.FromHexString(hex)), completed);
        }

        Assert.Equal(root, frontier.Root().ToString());
    }

    [Fact]
    public void Hashing_short_leaves_and_nodes_and_appending_them_allocates_nothing()
    {
        var frontier = new MerkleFrontier();
        var completed = new Hash256[MerkleFrontier.CompletedNodesMax];
        var data = new byte[1024];
        AppendMany();

        var before = GC.GetAllocatedBytesForCurrentThread();
        AppendMany();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void AppendMany()
        {
            for (var i = 0; i < 1000; i++)
            {
                frontier.Append(MerkleTree.HashLeaf(data), completed);
            }
        }
    }
}
